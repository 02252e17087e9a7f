context.setVariable("response.header.x-baz", context.getVariable("propertyset.myProps.baz"));
context.setVariable("response.header.x-note", context.getVariable("propertyset.myProps.note_message"));
