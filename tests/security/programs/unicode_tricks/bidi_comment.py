def level(user):
    '''Only the admin may see it.\u202e\u2066'''  # check ‮⁦
    return user

print("paid", level(7))
