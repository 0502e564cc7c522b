"""Types with ranges for constructor signatures. Imports no torch: they are checked before torch is imported.

Example: with ``latent_dim: PositiveInt`` in a signature, ``model.latent_dim=0`` is refused.
"""

from typing import Annotated, Literal

from pydantic import Field

PositiveInt = Annotated[int, Field(ge=1)]
AtLeastTwo = Annotated[int, Field(ge=2)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveFraction = Annotated[float, Field(gt=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[list[BelowOne], Field(min_length=2, max_length=2)]
Activation = Literal["relu", "leaky_relu", "tanh", "gelu", "silu", "softplus"]
OnError = Literal["stop", "skip"]
Binarize = Literal["dynamic", "static", "threshold"]
Resample = Literal["bicubic", "nearest"]
NumberRange = PositiveFloat | Annotated[list[float], Field(min_length=2, max_length=2)] | Literal["set"] | None
SampleCount = Literal[0] | Annotated[int, Field(ge=2)]  # one image has no spread to compare
Resamples = Literal[0] | Annotated[int, Field(ge=2)]  # one drawing has no spread
WandbMode = Literal["auto", "online", "offline", "disabled"]
WandbProject = Annotated[str, Field(max_length=128, pattern=r"^[^/\\#?%:]*$")]
Network = Literal["inception", "dinov2", "dinov2_base", "clip"]  # with published weights
ExtractorChoice = Literal["auto", "classifier", "random"] | Network
ResizeRule = Literal["antialiased", "tf", "clean"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
PerceptualNet = Literal["alex", "vgg", "squeeze"]
TreePredictor = Literal["forest", "boosted"]  # what tells the importance of a latent for a factor
GroupSize = Literal[0] | Annotated[int, Field(ge=2)]  # 0: no groups
Condition = Literal["embedding", "projection"]  # how a discriminator takes the label
