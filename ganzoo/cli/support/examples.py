"""Examples of every verb, which its help shows."""

import typer

_MODEL = "dcgan-digits"

EXAMPLES: dict[str, tuple[str, ...]] = {
    "list": ("list", "list faces", "list 'dcgan*' --weights", "list architectures"),
    "info": (f"info {_MODEL}", f"info {_MODEL} --full", "info 7@best", "info dcgan"),
    "train": (
        f"train {_MODEL} --steps 500",
        "train --data photos",
        "train dcgan --data photos.zip --dry-run",
        f"train {_MODEL} --set generator_optimizer.learning_rate=1e-4 --dry-run",
        "train recipe.toml --evaluate-every 500 --backend torch",
    ),
    "resume": ("resume 7", "resume 7 --set steps=2000"),
    "sweep": (
        f"sweep {_MODEL} --over batch=32,64 --seeds 0-4 --jobs 2",
        f"sweep {_MODEL} --over generator_optimizer.learning_rate=log:1e-4..1e-2 --trials 20",
        f"sweep --resume runs/sweeps/{_MODEL}-1a2b3c4d",
    ),
    "watch": ("watch", "watch 7 --no-open --port 8123"),
    "runs": ("runs", "runs --json"),
    "compare": ("compare 3 7", "compare 3 7 --format latex", "compare 3 7 --out compared.html"),
    "sample": (
        f"sample {_MODEL} -n 64 --seed 7 --out digits.png",
        "sample cdcgan-mnist --labels 0-9",
        "sample 7@best -n 1000 --separate --out samples",
        "sample 7 --interpolate 3,9",
    ),
    "walk": (f"walk {_MODEL}", "walk cdcgan-mnist --seeds 5,8,9 --labels 3,8,1 --out digits.webp"),
    "nearest": (f"nearest {_MODEL} --seed 7", "nearest 7 -n 4 --neighbors 8 --out copies.png"),
    "project": (
        f"project {_MODEL} scans",
        "project 7 faces.zip --space w+ --steps 1000 --out found",
    ),
    "directions": (f"directions {_MODEL}", "directions 7 --method classes --seeds 0-3"),
    "edit": (
        f"edit {_MODEL} --along 0,2 --amounts -2,0,2",
        "edit 7 --directions found/directions.safetensors --along 3 --layers 4-7",
        "edit 7 --latents found/latents.safetensors --out edited.safetensors",
    ),
    "mix": (f"mix {_MODEL} --rows 0-3 --columns 7,9", "mix 7 --layers 0-3 --truncation 0.7"),
    "evaluate": (
        f"evaluate {_MODEL} -n 2000",
        "evaluate 7@best --seeds 0,1,2 --record",
        "evaluate images.zip --against mnist",
    ),
    "reproduce": (f"reproduce {_MODEL}",),
    "bench": (f"bench {_MODEL}", f"bench {_MODEL} --backend torch --batch 128 --json"),
    "export": (f"export {_MODEL} digits.safetensors", f"export {_MODEL} digits.html"),
    "import": ("import generator.safetensors my-digits",),
    "push": ("push 7@best my-digits", "push my-digits --to hf://org/my-digits my-digits"),
    "pull": ("pull hf://org/my-digits",),
    "tag": ("tag my-digits@3 best",),
    "sign": ("sign my-digits@3 --key key.pem",),
    "remove": ("remove my-digits@2", "remove my-digits@best"),
    "verify": ("verify 7", "verify my-digits@best --deep", "verify my-digits --key key.pub"),
    "plugins": ("plugins",),
    "doctor": ("doctor", "doctor --json"),
    "registry list": ("registry list",),
    "registry add": (
        "registry add shared/models --name team",
        "registry add hf://org/zoo --key zoo.pub",
    ),
    "registry remove": ("registry remove team",),
    "data list": ("data list",),
    "data info": ("data info mnist", "data info folder --data photos --set size=64"),
    "data prepare": ("data prepare cifar10",),
    "plugin new": ("plugin new my-gan",),
    "plugin check": ("plugin check my-gan", "plugin check dcgan --shape 32x32x3"),
}


def add_examples(group: typer.Typer, words: tuple[str, ...] = ()) -> None:
    """Let the help of each verb of a group, and of the groups in it, end with its examples.

    Args:
        group: The group, all its verbs registered.
        words: What stands before its verbs on the command line.
    """
    for command in group.registered_commands:
        examples = EXAMPLES.get(" ".join((*words, command.name or "")), ())
        if examples:
            lines = "\n".join(f"  ganzoo {example}" for example in examples)
            command.epilog = f"\b\nExamples:\n{lines}"
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            add_examples(inner.typer_instance, (*words, inner.name or ""))
