"""Reading inputs, and giving columns types."""

from pathlib import Path


def _read(text, name="in.csv", actions=None):
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return (actions or a).read(name)


def a_table_is_read_with_its_types():
    made = _read("name,price,day,ok\nx,1.5,2024-01-31,true\ny,2,2024-02-29,False\n")
    holds(made, name=["x", "y"], price=[1.5, 2.0], day=["2024-01-31", "2024-02-29"], ok=[True, False])
    assert made["day"].dtype.kind == "M"
    assert a._matching(made, [{"column": "ok", "op": "=", "value": True}]).tolist() == [True, False]


def semicolons_tabs_bars_and_a_byte_order_mark_are_understood():
    for mark in ";\t|":
        holds(_read(f"\ufeffx{mark}y\n1{mark}a\n"), x=[1], y=["a"])


def quoted_fields_hold_delimiters_and_line_ends():
    holds(_read('x,y\n"a,b","c\nd"\n'), x=["a,b"], y=["c\nd"])


def what_stands_for_missing_is_missing():
    made = _read("x,y\n1,a\n-,-\nNA,n/a\n,\nNone,none\n3,b\n")
    holds(made, x=[1.0, None, None, None, None, 3.0], y=["a", None, None, None, None, "b"])


def truth_values_with_gaps_stay_truth_values():
    made = _read("x,ok\n1,true\n2,\n3,FALSE\n")
    holds(made, x=[1, 2, 3], ok=[True, None, False])
    kept = a.filter_rows(made, [{"column": "ok", "op": "=", "value": False}])
    holds(kept, x=[3], ok=[False])


def a_column_with_one_day_that_is_none_stays_text():
    holds(_read("day\n2024-02-28\n2024-02-30\n"), day=["2024-02-28", "2024-02-30"])


def days_that_can_be_read_in_two_ways_stay_text():
    assert _read("day\n3/4/2024\n5/6/2024\n")["day"].dtype.kind != "M"


def days_that_can_be_read_in_two_ways_are_read_as_the_tables_other_days():
    made = _read("start,end\n10/1/2016,9/30/2017\n1/2/2016,12/31/2016\n")
    holds(made, start=["2016-10-01", "2016-01-02"], end=["2017-09-30", "2016-12-31"])
    assert _read("x,y,z\n1/2/2016,1/30/2016,30/1/2016\n")["x"].dtype.kind != "M"


def days_need_no_zeros():
    holds(_read("day\n2024-1-5\n2024-11-15 10:20\n"), day=["2024-01-05", "2024-11-15 10:20:00"])


def days_whose_order_the_values_tell_are_dates():
    holds(_read("day\n13/4/2024\n5/6/2024\n"), day=["2024-04-13", "2024-06-05"])
    holds(_read("day\n4/13/2024\n5/6/2024\n"), day=["2024-04-13", "2024-05-06"])
    holds(_read("day\n3.4.2024\n5.6.2024\n"), day=["2024-04-03", "2024-06-05"])


def times_with_a_zone_become_those_of_utc():
    holds(
        _read("t\n2024-01-01T01:00:00+02:00\n2024-01-01T01:00:00Z\n"),
        t=["2023-12-31 23:00:00", "2024-01-01 01:00:00"],
    )


def a_column_of_nothing_is_read_as_missing():
    holds(_read("x,y\n1,\n2,\n"), x=[1, 2], y=[None, None])


def a_header_alone_is_a_table_without_rows():
    holds(_read("x,y\n"), x=[], y=[])


def headers_that_occur_twice_are_told_apart():
    assert list(_read("x,x,1\n1,2,3\n").columns) == ["x", "x.1", "1"]


def bytes_that_are_no_utf8_do_not_stop_the_reading():
    assert _read(b"x,y\n1,caf\xe9\n")["y"][0].startswith("caf")


def bytes_that_are_no_table_are_refused():
    fails(a, lambda: _read(b"PK\x03\x04\x14\0\x06\0,\n1,2\n"), "neither CSV nor Parquet")
    fails(a, lambda: _read(b"PAR1 and no more"), "cannot be read")


def an_empty_file_is_refused():
    fails(a, lambda: _read(""), "cannot be read")


def rows_that_are_longer_than_the_header_are_refused():
    fails(a, lambda: _read("x,y\n1,2\n1,2,3,4\n"), "cannot be read")
    fails(a, lambda: _read("x,y\n1,2,3\n4,5,6\n"), "more cells")


def a_smallest_group_keeps_the_name_of_its_column():
    fails(grouped, lambda: _read("x,n\n1,5\n", actions=grouped), "'n'")


def text_becomes_numbers():
    made = a.to_number(table(x=["1,234.5", " 12 ", "-3", None]), "x")
    holds(made, x=[1234.5, 12.0, -3.0, None])
    holds(a.to_number(table(x=["50%", "3"]), "x"), x=[0.5, 3.0])
    holds(a.to_number(table(x=[1, 2]), "x"), x=[1, 2])
    holds(a.to_number(table(x=[True, False]), "x"), x=[1.0, 0.0])


def text_that_is_no_number_is_refused_without_being_told():
    try:
        a.to_number(table(x=["1", "secret"]), "x")
    except a.ActionFailed as error:
        assert "'x'" in str(error)
        assert "secret" not in str(error)
    else:
        raise AssertionError


def the_first_number_in_a_text_is_found():
    made = a.extract_number(
        table(x=["630 308[495 000-801 000]", "about -2.5 kg", "none", None, "1,200 or 3"]), "x", "y"
    )
    holds(made[["y"]], y=[630308.0, -2.5, None, None, 1200.0])


def numbers_become_text_as_they_are_written():
    holds(a.to_text(table(x=[1.0, None, 30.0]), "x"), x=["1", None, "30"])
    holds(a.to_text(table(x=[1.5, 2.0]), "x"), x=["1.5", "2.0"])


def text_becomes_dates_in_the_order_that_is_said():
    holds(a.to_date(table(x=["3/4/2024", None]), "x", "day first"), x=["2024-04-03", None])
    holds(a.to_date(table(x=["3.4.2024"]), "x", "month first"), x=["2024-03-04"])
    holds(a.to_date(table(x=["2024-03-04 05:06"]), "x"), x=["2024-03-04 05:06:00"])


def dates_that_are_none_are_refused_or_missing():
    days = table(x=["2024-02-29", "2023-02-29"])
    fails(a, lambda: a.to_date(days, "x"), "no dates")
    holds(a.to_date(days, "x", wrong="missing"), x=["2024-02-29", None])


def parquet_s_types_become_those_of_tables():
    from datetime import date
    from decimal import Decimal

    made = table(
        day=[date(2024, 1, 2), None],
        at=pd.to_datetime(["2024-01-01", "2024-01-02"]).tz_localize("Europe/Berlin"),
        price=[Decimal("1.50"), None],
        units=pd.array([1, None], dtype="Int64"),
        kind=pd.Categorical(["x", "y"]),
        paid=[True, None],
        code=["01", "02"],
        small=np.array([1, 2], dtype="uint8"),
    )
    made.to_parquet("in.data")
    found = a.read("in.data")
    assert [values.dtype.kind for _, values in found.items()][:4] == ["M", "M", "f", "f"]
    holds(
        found,
        day=["2024-01-02", None],
        at=["2023-12-31 23:00:00", "2024-01-01 23:00:00"],
        price=[1.5, None],
        units=[1.0, None],
        kind=["x", "y"],
        paid=[True, None],
        code=["01", "02"],
        small=[1, 2],
    )


def other_encodings_are_understood():
    assert _read("x,y\n1,café\n".encode("utf-16"))["y"][0] == "café"
    assert _read("x,y\n1,café\n".encode("latin-1"))["y"][0] == "café"
