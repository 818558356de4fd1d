count | 4 4 4 | 3
