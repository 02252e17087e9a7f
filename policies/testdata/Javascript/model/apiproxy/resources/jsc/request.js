// Edits the request in the ways that scripts do.
var r = context.proxyRequest;
r.headers["X-Method"] = r.method;
r.headers["X-City"] = r.queryParams["city"] + "/" + r.queryParams.city[1] + "/" + r.queryParams.city.length();
r.headers["X-Type"] = r.headers["content-type"];
r.headers["X-Url"] = r.url;
r.headers["X-Parts"] = [r.protocol, r.host, r.port, r.path].join(" ");
r.headers["X-Two"] = ["a", "b"];
delete r.headers["X-Secret"];
r.queryParams["added"] = "1 2";
r.queryParams["drop"] = null;
r.method = "PUT";
var body = request.body.asJSON;
body.total = body.items.length;
request.content = JSON.stringify(body);
context.setVariable("request.header.X-Variable", "set");
