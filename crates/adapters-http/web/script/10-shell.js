// The shell.
