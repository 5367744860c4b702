-- As before (000007), but that an offset that no zone has is no date, and no longer an error of the whole statement; nor is
-- an instant whose day in `zone` lies outside the years 0001 to 9999.
create or replace function parse_import_date(cell text, format text, zone text) returns timestamptz
language plpgsql stable as $$
declare
  part text[];
  swap boolean := format = 'DMY';
  hour integer;
  at timestamptz;
begin
  if cell ~ '^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$' then
    at := cell::timestamp at time zone zone;
  elsif cell ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$' then
    at := cell::timestamptz;
  end if;
  if at is not null then
    return case when extract(year from at at time zone zone) between 1 and 9999 then at end;
  end if;
  part := regexp_match(cell, '^(\d{1,2}|\d{4})([/.-])(\d{1,2})\2(\d{4}|\d{1,2})(?:,? +(\d{1,2}):(\d\d)(?::(\d\d))? ?([AaPp][Mm])?)?$');
  if part is null then
    return null;
  end if;
  if length(part[1]) = 4 then
    part[1:4] := array[part[3], null, part[4], part[1]];
    swap := false;
  elsif coalesce(format, '') not in ('MDY', 'DMY') and (format is not null or part[1]::int <> part[3]::int) then
    return null;
  end if;
  if length(part[4]) <> 4 or length(part[1]) > 2 or length(part[3]) > 2 then
    return null;
  end if;
  hour := coalesce(part[5]::int, 0);
  if part[8] is not null and hour not between 1 and 12 or hour > 23 then
    return null;
  end if;
  if part[8] is not null then
    hour := hour % 12 + case when lower(part[8]) = 'pm' then 12 else 0 end;
  end if;
  return make_timestamp(part[4]::int, part[case when swap then 3 else 1 end]::int,
                        part[case when swap then 1 else 3 end]::int, hour, coalesce(part[6]::int, 0),
                        coalesce(part[7]::int, 0)) at time zone zone;
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value
     or invalid_parameter_value then
  return null;
end $$;
