"""``--help``: what can be chosen, the keys people use, and commands to copy."""

from __future__ import annotations

from genlab.config.files import groups

ABOUT = {
    "train": "Train a model on a data set, measure it, and leave a run directory.",
    "evaluate": "Measure a trained model again, from its checkpoint alone.",
    "generate": "Make pictures with a trained model, from its checkpoint alone.",
    "export": "Write a trained model for other programs: ONNX, or weights for the reference implementation.",
    "translate": "Translate your own pictures with a trained pix2pix or CycleGAN, from its checkpoint alone.",
    "prepare": "Get a data set ready (download, check, decode), and say what is in it.",
}
KEYS = {
    "train": """\
  trainer.max_epochs=10       passes over the training images (trainer.max_steps=N: batches)
  trainer.devices=2           several devices; trainer.accelerator=cpu|gpu, trainer.precision=bf16-mixed
  model.latent_dim=20         and every other argument of the model: --cfg job shows them
  model.optimizer.lr=1e-3     the learning rate
  data.batch_size=128         images a step, on each device
  data.limit=N                use only N training images
  resume=auto                 continue the newest unfinished run of this configuration (or resume=PATH)
  init_from=PATH              start from the weights of a run, or of the reference implementation
  seed=0  name=…  run_id=…    the run directory is runs/<name>/<run_id>/
  paths.data=data             where data sets lie (or GENLAB_DATA)
  check_only=true             check everything, train nothing""",
    "evaluate": """\
  ckpt=PATH                   a run directory or a checkpoint
  split=test                  or val, train
  output=DIR                  default: <run>/evaluate/<time>/
  check_only=true             check everything, measure nothing""",
    "generate": """\
  ckpt=PATH                   a run directory or a checkpoint
  what=sample                 or reconstruct, interpolate, traverse
  n=64  seed=0                how many, and which
  output=DIR                  default: <run>/generate/<time>/
  check_only=true             check everything, make nothing""",
    "export": """\
  ckpt=PATH                   a run directory, a checkpoint, or weights of the reference implementation
  format=onnx                 or reference: pix2pix and CycleGAN as latest_net_G.pth, latest_net_G_A.pth …
  direction=AtoB              onnx: one generator of a CycleGAN (default: both, a file each)
  buffers=tracked             reference: with the statistics of instance norms that its code of 2018 expects
  output=DIR                  default: <run>/export/<time>/
  check_only=true             make and check everything, write nothing""",
    "translate": """\
  ckpt=PATH                   a run directory or a checkpoint
  input=PATH                  a picture, or a folder of them (sub-folders are kept); any size, JPEG PNG TIFF BMP WebP
  direction=AtoB              or BtoA (CycleGAN only)
  output=DIR                  default: <run>/translate/<time>/; the same names as in the input
  way=auto                    direct up to a megapixel, above that frugal: the same result to rounding, in less memory;
                              or direct, frugal; or tiles: squares one by one, NOT the result of the whole picture
  batch_size=1                pictures of one size that go together
  data.on_error=skip          name files that cannot be read, go on, exit code 3; or stop at the first, exit code 2
  device=auto                 or cpu, cuda, mps
  check_only=true             check everything, translate nothing""",
    "prepare": """\
  data=NAME                   the set; every argument of it can be given: --cfg job shows them
  data.path=DIR               of your own pictures (data=folder, paired_folders, paired_image, unpaired_folders)
  data.on_error=skip          go on without files that cannot be read, and name them
  show=sheet.png              a page of training images to look at
  paths.data=data             where data sets lie (or GENLAB_DATA); missing ones are downloaded there
  paths.cache=DIR             where decoded images are kept (or GENLAB_CACHE)
  check_only=true             check the command, prepare nothing""",
}
EXAMPLES = {
    "train": [
        "model=vae data=mnist",
        "model=dcgan data=folder data.path=PICTURES",
        "-m model=beta_vae model.beta=1,4,10",
    ],
    "evaluate": ["ckpt=runs/vae-mnist/latest", "ckpt=runs/vae-mnist/latest split=val"],
    "generate": ["ckpt=runs/vae-mnist/latest", "ckpt=runs/vae-mnist/latest what=interpolate n=8"],
    "export": ["ckpt=runs/cyclegan-horse2zebra/latest", "ckpt=runs/pix2pix-maps/latest format=reference"],
    "translate": [
        "ckpt=runs/cyclegan-horse2zebra/latest input=PICTURES",
        "ckpt=runs/cyclegan-horse2zebra/latest input=zebra.jpg direction=BtoA output=made",
    ],
    "prepare": ["data=horse2zebra", "data=folder data.path=PICTURES show=sheet.png", "-m data=mnist,maps"],
}


def help_text(command: str) -> str:
    """The whole page for one command."""
    lines = [ABOUT[command], "", f"  python src/{command}.py [group=option …] [key=value …]", ""]
    if command in ("train", "prepare"):
        shown = groups() if command == "train" else {"data": groups()["data"]}
        width = max(map(len, shown))
        lines += ["Groups", *(f"  {name:{width}}  {' '.join(names)}" for name, names in shown.items()), ""]
    lines += ["Keys", KEYS[command], "", "Examples"]
    lines += [f"  python src/{command}.py {example}" for example in EXAMPLES[command]]
    lines += ["", "  --cfg job [--resolve]  show the configuration     -m  one run for each combination of a,b,c"]
    return "\n".join(lines)
