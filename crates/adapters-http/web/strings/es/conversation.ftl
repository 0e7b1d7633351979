# conversation
