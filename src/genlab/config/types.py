"""Types with ranges for constructor signatures. No torch here: the check reads them before torch is imported.

A signature says ``latent_dim: PositiveInt`` and the command line is held to it.
"""

from typing import Annotated, Literal

from pydantic import Field

PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
NonNegativeFloat = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
BelowOne = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[list[BelowOne], Field(min_length=2, max_length=2)]
Activation = Literal["relu", "leaky_relu", "tanh", "gelu", "silu", "softplus"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what every generator of random numbers takes
NAME, DEVICES = r"^[A-Za-z0-9_][A-Za-z0-9_.+-]*$", r"^(-1|[0-9]+(,[0-9]+)*)$"
PATTERNS = {NAME: "a name of letters, digits and . _ + -", DEVICES: "a list of devices like 0,1"}  # in a user's words
FileName = Annotated[str, Field(pattern=NAME)]
DeviceList = Annotated[str, Field(pattern=DEVICES)]
OnError = Literal["stop", "skip"]
