-- Two stretches of one import are written side by side and committed in their order. The one that counts an epoch holds its row
-- until it is committed, so an import counts when it notes how far it came, which it does in that order too.
create or replace function note_past_tasks() returns trigger language plpgsql as $$
begin
  if exists (select from new_rows where cause <> 'import' and valid_from < clock_timestamp() - interval '1 minute') then
    update past_epoch set epoch = epoch + 1;
  end if;
  return null;
end $$;

create function note_past_of_import() returns trigger language plpgsql as $$
begin
  update past_epoch set epoch = epoch + 1;
  return null;
end $$;

create trigger imports_past after update of created on imports for each row when (new.created > old.created)
  execute function note_past_of_import();
