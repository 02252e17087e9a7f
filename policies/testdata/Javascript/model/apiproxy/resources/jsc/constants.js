const FACTOR = 2;
