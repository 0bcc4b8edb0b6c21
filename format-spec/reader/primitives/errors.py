"""The one error of this package."""


class PrimitiveError(ValueError):
    """Bytes that a primitive refuses: damaged, not authentic, or not of the agreed form."""
