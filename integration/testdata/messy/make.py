#!/usr/bin/python3
"""Makes the music collection of somebody who has gathered for twenty years.

    make.py FOLDER

Two thousand files of every kind and every fault that such a collection has, in a new
FOLDER. Each function of the modules beside this one is one corner of it, and says
what is messy there. It is the same in every run: nothing comes from chance, the clock
or this machine, except for the bytes that the encoders installed here make.

The files hold less than half a second of sound each. No two have the same bytes
unless a comment says that they are copies.
"""
import sys

import bulk, computers, discs, folders, names, oldtags, rips, same, shops, spoken
import seeds
from shelf import Shelf

FILES = 2000


def main(folder):
    shelf = Shelf(folder, seeds.make(folder))
    for corner in (rips, shops, discs, same, spoken, names, oldtags, folders, computers):
        corner.fill(shelf)
    bulk.fill(shelf, FILES)


if __name__ == "__main__":
    main(sys.argv[1])
