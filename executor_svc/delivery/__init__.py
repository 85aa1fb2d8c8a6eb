"""What a scope wants done around a program: columns are cut before it, figures drawn and outputs checked
after.

The trusted half. It knows digests, sizes and one small report; whatever a run's bytes mean is for `inside`,
which runs in cells of the sandbox.
"""
