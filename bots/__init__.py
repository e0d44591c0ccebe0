"""One package per platform, each importing core/ and exactly one platform library, and the command line."""
