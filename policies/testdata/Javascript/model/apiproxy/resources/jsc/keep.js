context.session["visits"] = {count: 1, from: request.headers.Host + ""};
context.session.visits.count++;
leaked = "to nobody";
