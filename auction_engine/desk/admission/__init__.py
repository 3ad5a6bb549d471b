"""The way into a room: dossiers, decisions about them, reminders, practice.

Modules: `states` (what may be done with a dossier, pure), `declarations` (what is declared, by
which article), `completeness`, `checking` and `filecheck` (uploaded files), `dossiers` (what
bidders do), `deciding` (what the organisation does), `carrying` (what follows in the lot's
journal), `reading`, `standing` (where one stands, pure), `costs` (what a purchase costs, pure),
`letters`, `reminding` and `entries` (letters, calendar entries), `practice` (practice lots).
"""
