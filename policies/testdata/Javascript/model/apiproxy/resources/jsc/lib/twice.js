function twice(n) { return n * FACTOR; }
