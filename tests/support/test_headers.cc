// Nothing: cmake wants a file for a target, and test_headers is there for its precompiled headers.
