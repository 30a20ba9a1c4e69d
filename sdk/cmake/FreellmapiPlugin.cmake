# freellm_add_plugin: how a plugin is built, inside this tree and outside it.
