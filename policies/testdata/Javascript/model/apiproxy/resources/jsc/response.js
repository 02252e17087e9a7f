response.headers["X-Proxy-Flow"] = context.flow;
response.headers["X-Url"] = context.getVariable("flow.url");
context.setVariable("response.header.X-Length", response.content.length);
