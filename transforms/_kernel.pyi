"""The native kernel: kernel/binding, compiled. Each function releases the interpreter's lock; inputs and outputs are `bytes`."""

class KernelError(RuntimeError):
    """A defect of the kernel, by its place in the source. Its message holds nothing of the log."""

def panics(text: bytes) -> None:
    """Fail as a defect would, with a message that quotes `text`; raises `KernelError`, always."""
