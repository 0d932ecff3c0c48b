import ArgumentParser
import DerootCLI

Deroot.main()
