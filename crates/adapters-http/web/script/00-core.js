// What every part of the script uses.
