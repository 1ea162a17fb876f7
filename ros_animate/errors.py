"""What a user can put right."""


class UserError(Exception):
    """A mistake or a lack that the user can put right; the message says what and how.

    The command line prints the message in one line; every other exception is a defect of this
    program and keeps its traceback.
    """
