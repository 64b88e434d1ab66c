"""Options of verbs that draw samples: seeds, labels, and where the result goes."""

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.support.options import MAX_SEED

Seed = Annotated[
    int, typer.Option(metavar="N", min=0, max=MAX_SEED, help="Seed of all that is drawn.")
]
Seeds = Annotated[
    str, typer.Option(metavar="LIST", help="Seeds, one sample of each, in this order: 3,1,5-9.")
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help="Classes of a conditional model, by number or by name, repeated as often as needed:"
        " 0-4,cat. Of a model of attributes or numbers also rows: 'age=30 height=1.8,age=60'."
        " Between classes: 'cat=0.5 dog=0.5'.",
    ),
]
Image = Annotated[
    Path | None, typer.Option("--out", metavar="PATH", help="The image: .png, .jpg or .webp.")
]
Folder = Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="The new folder.")]
