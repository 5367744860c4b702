alter table imports
  -- Of a workbook, the sheet whose rows they are: another one of the same file is another import. Null for a CSV file, and
  -- for imports from before this.
  add column sheet text,
  -- Since when what it did row by row (import_errors, import_rejects, import_updates, import_left) is not kept any more.
  add column details_removed_at timestamptz;
