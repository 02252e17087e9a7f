function check() {
  throw new Error("quantity is missing");
}
check();
