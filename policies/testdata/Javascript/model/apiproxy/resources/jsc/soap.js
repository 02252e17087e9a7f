var add = context.proxyRequest.body.asXML.Body.Add;
var sum = 0;
for each (var n in add.n) { sum += +n; }
context.setVariable("result", sum + " " + add.n[1].@unit + " " + add.n.length() + " " + add.none);
