import DerootCLI

Deroot.start()
