"""python src/translate.py --help"""

from genlab.apps.door import main

if __name__ == "__main__":
    main("translate")
