"""Checks of an architecture's options."""

from ganzoo.errors import UsageError


def check_minimum(minimum: float, **options: float | list) -> None:
    """Refuse options below a minimum: `check_minimum(1, latent_size=latent_size)`.

    Args:
        minimum: The smallest value allowed.
        **options: Numbers, or lists of numbers, by the name of the option.

    Raises:
        UsageError: An option is below `minimum`.
    """
    for name, value in options.items():
        if any(number < minimum for number in (value if isinstance(value, list) else [value])):
            raise UsageError(f"{name} must be at least {minimum}. Received: {name}={value}.")
