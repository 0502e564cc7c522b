"""Keys that people know from elsewhere, and what to type here: options of the reference CycleGAN code, Trainer arguments."""

from __future__ import annotations

REFERENCE = {  # options of junyanz/pytorch-CycleGAN-and-pix2pix
    "batchSize": "data.batch_size=N",
    "beta1": "model.optimizer.betas=[0.5,0.999]",
    "checkpoints_dir": "paths.runs=DIR",
    "continue_train": "resume=auto",
    "crop_size": "data.crop_size=N",
    "dataroot": "data=unpaired_folders data.path=DIR, or data=side_by_side",
    "dataset_mode": "data=unpaired_folders, or side_by_side, paired_folders",
    "direction": "data.direction=BtoA",
    "epoch_count": "resume=auto: a run knows its epoch",
    "fineSize": "data.crop_size=N",
    "gan_mode": "model.loss=least_squares",
    "gpu_ids": "trainer.devices=[0,1]",
    "init_type": "nothing: weights begin from N(0, 0.02), as there",
    "input_nc": "data.channels=1, or 3: networks take it from the images",
    "lambda_A": "model.lambda_cycle_a=10",
    "lambda_B": "model.lambda_cycle_b=10",
    "lambda_L1": "model.lambda_l1=100",
    "lambda_identity": "model.lambda_identity=0.5",
    "loadSize": "data.load_size=N",
    "load_size": "data.load_size=N",
    "lr_policy": "model/schedule=linear_decay",
    "max_dataset_size": "data.limit=N",
    "n_epochs": "trainer.max_epochs=N",
    "n_epochs_decay": "model/schedule=linear_decay: the second half of trainer.max_epochs",
    "ndf": "model.discriminator.width=64",
    "netD": "model/discriminator=patch",
    "netG": "model/generator=resnet_9",
    "ngf": "model.generator.width=64",
    "niter": "trainer.max_epochs=N",
    "no_dropout": "model.generator.dropout=false",
    "no_flip": "data.hflip=false",
    "norm": "model.generator.norm=instance",
    "num_threads": "nothing: no worker processes load images",
    "output_nc": "data.channels=1, or 3: networks take it from the images",
    "phase": "nothing: train.py trains, translate.py translates",
    "pool_size": "model.pool_size=50",
    "preprocess": "data.preprocess=resize_and_crop",
    "serial_batches": "nothing: the order follows from seed and epoch",
}
TRAINER = {  # arguments of Lightning's Trainer that another key decides here
    "callbacks": "callbacks=default, or +callbacks.mine={_target_: …}",
    "default_root_dir": "paths.runs=DIR",
    "enable_checkpointing": "checkpoint.every_n_epochs=N",
    "enable_model_summary": "check_only=true, which shows every network's size",
    "enable_progress_bar": "~callbacks.progress",
    "gpus": "trainer.devices=N",
    "logger": "logger=csv, or tensorboard, wandb",
    "num_sanity_val_steps": "check_only=true",
    "plugins": "nothing: precision and cluster are found",
    "resume_from_checkpoint": "resume=PATH",
    "use_distributed_sampler": "nothing: every rank gets its own images",
}


def remedy_for(key: str) -> str:
    """What to type in place of a key that people know from elsewhere; empty if it is none of those."""
    found = TRAINER.get(key.removeprefix("trainer.")) if key.startswith("trainer.") else REFERENCE.get(key)
    return f"Here it is: {found}" if found else ""
