"""Loads a CSV file the way of a first version: each row is read, its user looked for, its task added to the session.

Run by bench/import.ts: import-orm.py URL FILE ROWS TABLE each|end. What it prints is rows a second. The query for the user
flushes the task before (SQLAlchemy's default), so each row is an INSERT of its own that is waited for; "each" commits it as well.
"""

import csv
import itertools
import sys
import time
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Text, create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

url, file, rows, table, commit = sys.argv[1:]
Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(BigInteger, primary_key=True)
    username = Column(Text)


class Task(Base):
    __tablename__ = table
    id = Column(BigInteger, primary_key=True)
    project_id = Column(BigInteger, default=1)
    title = Column(Text)
    description = Column(Text)
    status = Column(Text)
    priority = Column(Text)
    assigned_user_id = Column(BigInteger)
    created_by = Column(BigInteger, default=1)
    external_id = Column(Text)
    created_at = Column(DateTime)
    updated_at = Column(DateTime, default=datetime.utcnow)
    valid_from = Column(DateTime)
    changed_by = Column(BigInteger, default=1)


session = sessionmaker(bind=create_engine(url.replace("postgres://", "postgresql://")))()
started = time.monotonic()
with open(file, encoding="utf-8", newline="") as text:
    for row in itertools.islice(csv.DictReader(text), int(rows)):
        user = session.query(User).filter_by(username=row["assigned_user"]).first()
        day = datetime.strptime(row["created_at"], "%m/%d/%Y")
        task = Task(
            title=row["task_name"],
            description=row["description"],
            status="active" if row["status"] == "TRUE" else "inactive",
            priority=row["priority"],
            assigned_user_id=user.id,
            external_id=row.get("external_id"),
            created_at=day,
            valid_from=day,
        )
        session.add(task)
        if commit == "each":
            session.commit()
session.commit()
print(int(rows) / (time.monotonic() - started))
