"""What is understood and not done."""


class Refusal(ValueError):
    """One sentence for a person; nothing was changed."""
