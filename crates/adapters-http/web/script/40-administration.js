// administration: beside core and shell
