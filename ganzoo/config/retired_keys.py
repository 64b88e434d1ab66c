"""Keys of recipes and cards that were renamed, so that an old file is told what to write now."""

import re
from collections.abc import Iterable

RETIRED_KEYS = {
    # recipes
    "game": "`gan`",
    "average_decay": "`ema_half_life`, in images",
    "penalties": "`regularizers`",
    "augmentation": "an entry of `regularizers`",
    "lecam_weight": "an entry of `regularizers`",
    "lecam_start": "an entry of `regularizers`",
    "images_to_one": "`ramp_images`",
    "label_flips": "`label_flip_prob`",
    "clip_weights": "`weight_clip`",
    "share_fakes": "`share_fake_latents`",
    "joint_batch": "`concat_real_fake`",
    # cards
    "licence": "`license`",
    # options of architectures
    "width": "`base_channels`",
    "generator_width": "`generator_base_channels`",
    "discriminator_width": "`discriminator_base_channels`",
    "widths": "`channels`",
    "most": "`max_channels`",
    "generator_most": "`generator_max_channels`",
    "discriminator_most": "`discriminator_max_channels`",
    "features": "`fmap_base`",
    "smallest": "`start_resolution`",
    "halvings": "`num_downsamples`",
    "doublings": "`num_upsamples`",
    "blocks": "`num_residual_blocks`",
    # options of data sets
    "part": "`split`",
    "of": "`source`",
}


def renamed_hint(key: str, known: Iterable[str]) -> str | None:
    """Return a sentence about the new name of a retired key, if that may stand in its place.

    Args:
        key: The key as received.
        known: The keys that could stand there.
    """
    now = RETIRED_KEYS.get(key)
    if now is None or re.findall("`(.*)`", now)[0] not in known:
        return None
    return f"Renamed to {now}: see CHANGELOG.md."
