from string import Template

print(Template("Dear $name, your total is $total.").substitute(name="Ada", total=12))
