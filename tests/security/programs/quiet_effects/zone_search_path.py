import zoneinfo

zoneinfo.reset_tzpath(to=["/usr/lib/python3"])
print("zones", len(zoneinfo.available_timezones()))
