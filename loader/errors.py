"""What stops a load."""


class InputError(Exception):
    """A folder, a file or a policy that stops a build.

    The message is one sentence of the product's own, which begins in lower case and ends with a
    full stop; it names what is wrong and what would be accepted, and holds no bytes of a file.
    """


class TooSlowError(InputError):
    """Reading a file takes longer than it may."""
