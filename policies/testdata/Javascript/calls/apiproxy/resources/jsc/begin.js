// Begins calls that a later step waits for.
context.session["weather"] = httpClient.get("http://upstream/weather");
context.setVariable("pending", httpClient.get("http://upstream/news"));
