var sha = crypto.getSHA256();
sha.update("salt");
sha.update("text");
var hex = sha.digest();
context.setVariable("result", [
  hex.substring(0, 8),
  crypto.getHash("MD5").digest64(),
  crypto.dateFormat("yyyy-MM-dd HH:mm:ss.SSS"),
  crypto.dateFormat("yyyy-MM-dd'T'HH:mmZ", "PST", 1767323045006),
  crypto.dateFormat("HH:mm", "GMT+9", context.getVariable("system.timestamp")),
  crypto.dateFormat("HH:mm", "Asia/Kolkata", 0),
  crypto.dateFormat("HH:mm", "no zone", 0)
].join(" "));
