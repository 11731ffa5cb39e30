//! EVERY COMMAND, one row: name, default keys, scopes, help line.
//!
//! Key handling, `?`, the Space menu, the palette, the footer and the README's key table read
//! this table and nothing else. A new command is one row here and one match arm where it is done.

/// Where a key means something. Several are in force at once, the innermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere.
    Global,
    /// The Browse pane as a whole.
    Browse,
    /// A tree of objects.
    Tree,
    /// A grid of rows.
    Grid,
    /// One row, a field a line.
    Record,
    /// One value, as text or as a JSON tree.
    Value,
    /// The SQL pane as a whole.
    Sql,
    /// The SQL editor while typing.
    Editor,
    /// The results of a search.
    Search,
    /// The line of the Search pane while it is typed.
    Query,
    /// Plans of statements.
    Plan,
    /// The list of saved queries.
    Saved,
    /// A list to choose from (palette, menus, pickers).
    List,
    /// A form of fields.
    Form,
    /// A question with buttons.
    Confirm,
    /// A line of text being typed.
    Line,
    /// A page of text to read (help).
    Page,
    /// One value being edited.
    Edit,
    /// The list of staged changes, their SQL and their conflicts.
    Changes,
    /// The panes that watch a live server.
    Live,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 20] = [
        Self::Global,
        Self::Browse,
        Self::Tree,
        Self::Grid,
        Self::Record,
        Self::Value,
        Self::Sql,
        Self::Editor,
        Self::Search,
        Self::Query,
        Self::Plan,
        Self::Saved,
        Self::List,
        Self::Form,
        Self::Confirm,
        Self::Line,
        Self::Page,
        Self::Edit,
        Self::Changes,
        Self::Live,
    ];

    /// The name in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Browse => "browse",
            Self::Tree => "tree",
            Self::Grid => "grid",
            Self::Record => "record",
            Self::Value => "value",
            Self::Sql => "sql",
            Self::Editor => "editor",
            Self::Search => "search",
            Self::Query => "query",
            Self::Plan => "plan",
            Self::Saved => "saved",
            Self::List => "list",
            Self::Form => "form",
            Self::Confirm => "confirm",
            Self::Line => "line",
            Self::Page => "page",
            Self::Edit => "edit",
            Self::Changes => "changes",
            Self::Live => "live",
        }
    }

    /// The heading in help and docs.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Browse => "Browse",
            Self::Tree => "Tree of objects",
            Self::Grid => "Grid",
            Self::Record => "Record view",
            Self::Value => "Value and JSON view",
            Self::Sql => "SQL",
            Self::Editor => "SQL editor",
            Self::Search => "Search: results",
            Self::Query => "Search: the line",
            Self::Plan => "Plan",
            Self::Saved => "Saved queries",
            Self::List => "Lists and pickers",
            Self::Form => "Forms",
            Self::Confirm => "Questions",
            Self::Line => "Input lines",
            Self::Page => "Help pages",
            Self::Edit => "Editing a value",
            Self::Changes => "Staged changes",
            Self::Live => "Activity, Locks, Statements, Health",
        }
    }

    /// From the config's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The command.
    pub command: Command,
    /// Its name in the config, the palette and `:`.
    pub name: &'static str,
    /// Default keys; the first is the one shown.
    pub keys: &'static [&'static str],
    /// Where the keys hold.
    pub scopes: &'static [Scope],
    /// One line of help.
    pub help: &'static str,
}

macro_rules! commands {
    ($($id:ident $name:literal [$($key:literal),*] [$($scope:ident),+] $help:literal;)*) => {
        /// Everything a key, the menu, the palette or `:` can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Command { $(#[doc = $help] $id,)* }
        /// The table.
        pub const TABLE: &[Row] = &[
            $(Row { command: Command::$id, name: $name, keys: &[$($key),*], scopes: &[$(Scope::$scope),+], help: $help },)*
        ];
    };
}

commands! {
    Help "help" ["?", "f1"] [Global] "Help for this place";
    Menu "menu" ["space"] [Global] "Menu of what can be done here";
    GoTo "go-to" ["ctrl-p"] [Global] "Go to anything: tables, columns, saved queries, panes, commands";
    CommandLine "command-line" [":"] [Global] "Command line (:w :q :c, \\d \\dt \\x …)";
    NextPart "next-part" ["tab"] [Global] "Next part of the pane";
    PreviousPart "previous-part" ["shift-tab"] [Global] "Previous part of the pane";
    Zoom "zoom" ["z"] [Global] "Give this part the whole pane, and back";
    Cancel "cancel" ["ctrl-c"] [Global] "Cancel what runs; once more: offer to terminate its backend";
    Refresh "refresh" ["f5"] [Global] "Read anew";
    Back "back" ["q", "esc"] [Global, Record, Value, Plan, Page, Changes] "Back; at the top: quit (asks when something would be lost)";
    Connect "connect" ["alt-c"] [Global] "Connect to another server or database: profiles, services, those of before, what is found";
    Redraw "redraw" ["ctrl-l"] [Global] "Draw the screen anew";
    Suspend "suspend" ["ctrl-z"] [Global] "Suspend to the shell";
    Quit "quit" ["ctrl-q"] [Global] "Quit (asks when something would be lost)";
    PaneBrowse "pane-browse" ["alt-1"] [Global] "Go to Browse";
    PaneSql "pane-sql" ["alt-2"] [Global] "Go to SQL";
    PaneSearch "pane-search" ["alt-3"] [Global] "Go to Search";
    PanePlan "pane-plan" ["alt-4"] [Global] "Go to Plan";
    PaneActivity "pane-activity" ["alt-5"] [Global] "Go to Activity";
    PaneLocks "pane-locks" ["alt-6"] [Global] "Go to Locks";
    PaneStatements "pane-statements" ["alt-7"] [Global] "Go to Statements";
    PaneHealth "pane-health" ["alt-8"] [Global] "Go to Health";
    PaneSaved "pane-saved" ["alt-9"] [Global] "Go to Saved queries";

    Up "up" ["k", "up"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "Up";
    Down "down" ["j", "down"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "Down";
    Left "left" ["h", "left"] [Tree, Grid, Value, Plan] "Left; in a tree: fold";
    Right "right" ["l", "right"] [Tree, Grid, Value, Plan] "Right; in a tree: unfold";
    First "first" ["g g", "ctrl-home"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "First row";
    Last "last" ["G", "ctrl-end"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "Last row";
    FirstColumn "first-column" ["0", "home"] [Grid] "First column";
    LastColumn "last-column" ["$", "end"] [Grid] "Last column";
    NextColumn "next-column" ["w"] [Grid] "Next column";
    PreviousColumn "previous-column" ["b"] [Grid] "Previous column";
    HalfDown "half-down" ["ctrl-d"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "Half a page down";
    HalfUp "half-up" ["ctrl-u"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "Half a page up";
    PageDown "page-down" ["]", "pagedown"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "A page down";
    PageUp "page-up" ["[", "pageup"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Changes, Live] "A page up";
    Find "find" ["/"] [Tree, Grid, Record, Value, Search, Plan, Saved, Page, Live] "Find in what is loaded; in a tree or list: narrow it";
    FindNext "find-next" ["n"] [Grid, Record, Value, Plan, Page] "Next match";
    FindPrevious "find-previous" ["N"] [Grid, Record, Value, Plan, Page] "Previous match";

    FindOnServer "find-on-server" ["g /"] [Browse] "Find rows on the server: this column contains a text";
    FilterCell "filter-cell" ["f"] [Browse] "Filter by this cell";
    FilterBuilder "filter-builder" ["F"] [Browse] "Build a filter, or write a WHERE condition";
    ClearFilter "clear-filter" ["X"] [Browse, Search] "Clear filter and sort";
    Sort "sort" ["s"] [Browse] "Sort by this column: ascending, descending, not";
    SortAdd "sort-add" ["S"] [Browse] "Add this column to the sort";
    FollowKey "follow-key" ["g d"] [Browse] "Follow the foreign key of this cell";
    Referring "referring" ["g r"] [Browse] "Rows that refer to this one";
    GoBack "go-back" ["backspace", "alt-left"] [Browse] "Back to where you came from";
    GoForward "go-forward" ["alt-right"] [Browse] "Forward again";
    Detail "detail" ["D"] [Browse] "Child rows of this row below: next reference, or off";
    CountRows "count-rows" ["#"] [Browse] "Count the rows exactly";
    LookAs "look-as" ["g a"] [Browse] "Look at rows as another role, with settings, to see what its policies show; again: as oneself";
    Privileges "privileges" ["g p"] [Browse] "Who can do what on this table, and by which policies";
    SearchIn "search-in" ["g f"] [Browse] "Full-text search in this table, within its filter";
    OpenSql "open-sql" ["g s"] [Browse, Plan] "This view, or the plan's statement, in the SQL pane";

    OpenRecord "open-record" ["enter"] [Grid] "Record view: this row, a field a line";
    OpenValue "open-value" ["v"] [Grid, Record] "Value view: the whole value, JSON as a tree";
    Clear "clear" ["esc"] [Tree, Grid] "Clear the matches, else the selection, else the marks; in the tree what was typed";
    MarkRow "mark-row" ["m"] [Grid] "Mark this row";
    SelectRows "select-rows" ["V"] [Grid] "Select rows from here";
    CopyCell "copy-cell" ["y y"] [Grid, Record, Value] "Copy the value";
    CopyRow "copy-row" ["y r"] [Grid, Record] "Copy the rows (tab-separated)";
    CopyCsv "copy-csv" ["y c"] [Grid, Record] "Copy the rows as CSV";
    CopyJson "copy-json" ["y j"] [Grid, Record] "Copy the rows as JSON";
    CopyInsert "copy-insert" ["y i"] [Grid, Record] "Copy the rows as INSERT";
    CopyUpdate "copy-update" ["y u"] [Grid, Record] "Copy the rows as UPDATE";
    CopyInList "copy-in-list" ["y n"] [Grid] "Copy this column of the rows as an IN list";
    CopyMarkdown "copy-markdown" ["y m"] [Grid, Record] "Copy the rows as Markdown";
    Freeze "freeze" ["|"] [Grid] "Freeze the columns up to here, or thaw";
    HideColumn "hide-column" ["-"] [Grid] "Hide this column";
    Columns "columns" ["+"] [Grid] "Columns: show, hide, reorder";
    Wider "wider" [">"] [Grid] "Widen this column";
    Narrower "narrower" ["<"] [Grid] "Narrow this column";

    EditCell "edit-cell" ["e", "i"] [Browse] "Edit this value";
    SetSpecial "set-special" ["C"] [Browse, Sql] "Set to NULL, the empty text, DEFAULT or now()";
    InsertRow "insert-row" ["o"] [Browse, Sql] "Add a row";
    DuplicateRow "duplicate-row" ["O"] [Browse, Sql] "Add a row like this one";
    DeleteRow "delete-row" ["d d"] [Browse, Sql] "Delete this row, or the marked ones";
    SetUpsert "set-upsert" ["g u"] [Browse] "New row: what to do when its key is there already";
    Bulk "bulk" ["g b"] [Browse] "Change or delete all rows of this filter";
    UndoStep "undo-step" ["u"] [Browse, Sql, Changes] "Take the last staged step back";
    RedoStep "redo-step" ["ctrl-r"] [Browse, Sql, Changes] "Do it again";
    UndoApplied "undo-applied" ["U"] [Browse] "Stage what takes the last applied changes back";
    PreviewChanges "preview-changes" ["ctrl-s"] [Browse] "Staged changes: preview the SQL, apply";

    Open "open" ["enter", "o"] [Tree, Saved, Search] "Open";
    ToggleTree "toggle-tree" ["B"] [Browse] "Show or hide the tree";

    NextRow "next-row" ["J", "ctrl-n"] [Record] "The next row";
    PreviousRow "previous-row" ["K"] [Record] "The previous row";
    FoldAll "fold-all" ["C"] [Value, Plan] "Fold all";
    UnfoldAll "unfold-all" ["E"] [Value, Plan] "Unfold all";
    ToggleFold "toggle-fold" ["enter"] [Value] "Fold or unfold";
    CopyPath "copy-path" ["p"] [Value] "Copy the JSON path";
    CopyPathSql "copy-path-sql" ["P"] [Value] "Copy the path as an SQL expression";
    TextMode "text-mode" ["t"] [Value] "Tree or raw text";
    EditNode "edit-node" ["e", "i"] [Value] "Edit this node; in text: the whole document";
    AddNode "add-node" ["a"] [Value] "Add a key or an element";
    RenameKey "rename-key" ["r"] [Value] "Rename this key";
    RemoveNode "remove-node" ["d d"] [Value] "Remove this node";
    NodeDown "node-down" ["J"] [Value] "Move this element down";
    NodeUp "node-up" ["K"] [Value] "Move this element up";
    UndoNode "undo-node" ["u"] [Value] "Take the last change of this document back";
    StageValue "stage-value" ["ctrl-s"] [Value] "Stage the changed document";
    FilterPath "filter-path" ["="] [Value] "Filter the table by this path and value";

    Take "take" ["enter"] [Edit] "Stage this value; in a long text: a line break";
    TakeLong "take-long" ["ctrl-s", "f2"] [Edit] "Stage this value (also where Enter is a line break)";
    SetNull "set-null" ["ctrl-n"] [Edit] "NULL";
    EditOutside "edit-outside" ["ctrl-o"] [Edit] "Open $EDITOR on the value";
    PickValue "pick-value" ["ctrl-space", "tab"] [Edit] "Choose from what there is";
    OtherForm "other-form" ["ctrl-t"] [Edit] "Other form: a line or an editor, a list or the raw text";
    StepUp "step-up" ["ctrl-up"] [Edit] "Date or time: the part at the cursor up by one";
    StepDown "step-down" ["ctrl-down"] [Edit] "Date or time: the part at the cursor down by one";
    WriteNow "write-now" ["f3"] [Edit] "Date or time: now, as a text the server reads";
    WriteToday "write-today" ["f4"] [Edit] "Date or time: today, as a text the server reads";
    AddElement "add-element" ["alt-enter", "insert"] [Edit] "Array: a new element here; text: a line break";
    RemoveElement "remove-element" ["ctrl-x"] [Edit] "Array: remove this element";
    ElementUp "element-up" ["alt-up"] [Edit] "Array: move this element up";
    ElementDown "element-down" ["alt-down"] [Edit] "Array: move this element down";
    Leave "leave" ["esc"] [Edit] "Leave it as it was";

    ApplyChanges "apply-changes" ["ctrl-s"] [Changes] "Apply all in one transaction";
    DropChange "drop-change" ["d d"] [Changes] "Take this change out";
    KeepMine "keep-mine" ["m"] [Changes] "Conflict: keep mine";
    TakeTheirs "take-theirs" ["t"] [Changes] "Conflict: take theirs";
    EditChange "edit-change" ["e"] [Changes] "Edit this value";
    GoToChange "go-to-change" ["enter"] [Changes] "Go to this row";
    CopyChanges "copy-changes" ["y y"] [Changes] "Copy the SQL";

    Pause "pause" ["p"] [Live] "Stop at this sample, or follow the newest again";
    StepBack "step-back" [","] [Live] "The sample before";
    StepForward "step-forward" ["."] [Live] "The sample after";
    WorstMoment "worst-moment" ["w"] [Live] "To the sample in which most sessions waited";
    CancelBackend "cancel-backend" ["C"] [Live] "Cancel the statement of this session";
    TerminateBackend "terminate-backend" ["K"] [Live] "Terminate this session (its pid is to be typed)";
    MarkMoment "mark-moment" ["m"] [Live] "Mark this moment, to see what changed since; or take the mark away";
    WriteSamples "write-samples" ["e"] [Live] "Write the samples kept to a file, as JSON";
    WhoHoldsVacuum "who-holds-vacuum" ["v"] [Live] "Activity: who holds vacuum back (sessions, slots, standbys, prepared transactions)";
    SortBy "sort-by" ["t"] [Live] "Sort by the next column";
    SortBack "sort-back" ["T"] [Live] "Sort by the column before";
    ShowWhich "show-which" ["a"] [Live] "Which sessions: clients, busy ones, all; of statements, which time: the last interval, since the mark, since the reset; in Health: only what calls";
    OpenSession "open-session" ["enter"] [Live] "Everything about this session, statement or line";
    ToLocks "to-locks" ["l"] [Live] "Whom this session waits for, and who waits for it";
    ExplainIt "explain-it" ["x"] [Live] "EXPLAIN its statement";
    GoToRow "go-to-row" ["g d"] [Live] "The row or table that is waited for, in Browse; in Health: where to look next";
    CopyText "copy-text" ["y"] [Live] "Copy what is known of this session";

    RunStatement "run" ["f5", "alt-enter"] [Sql, Editor] "Run the statement at the cursor (or the selection)";
    RunAll "run-all" ["f6"] [Sql, Editor] "Run all statements";
    Complete "complete" ["ctrl-space"] [Editor] "Complete what stands at the cursor";
    CompleteOrIndent "complete-or-indent" ["tab"] [Editor] "Complete after a word, otherwise indent";
    ExternalEditor "external-editor" ["ctrl-o"] [Sql, Editor] "Open $EDITOR on the text";
    SearchHistory "history" ["f8"] [Sql, Editor, Plan] "Search the history; in Plan: the plans kept";
    SaveQuery "save-query" ["ctrl-s"] [Sql, Editor, Search, Query] "Save the text, or the search, as a query";
    Transaction "transaction" ["ctrl-t"] [Sql, Editor] "Transaction: begin, commit, roll back, savepoints";
    EditSql "edit-sql" ["i"] [Sql, Saved] "To the editor";
    EditResult "edit-result" ["e"] [Sql, Saved] "Edit this value of the result; of a saved query: its text";
    GoToError "go-to-error" ["alt-e"] [Sql, Editor] "To the place of the error";
    NextResult "next-result" ["}"] [Sql] "Next result";
    PreviousResult "previous-result" ["{"] [Sql] "Previous result";
    LeaveEditor "leave-editor" ["esc"] [Editor] "Leave the editor for its results (keys are commands there)";

    ExplainPlan "explain" ["f7"] [Sql, Editor, Plan] "Plan of the statement, without running it (EXPLAIN)";
    AnalyzePlan "analyze" ["f9"] [Sql, Editor, Plan] "Run it and measure its plan (EXPLAIN ANALYZE, rolled back)";
    PlanDetails "plan-details" ["enter"] [Plan] "Details of this node; in a list: go to the node";
    PlanView "plan-view" ["t"] [Plan] "Tree, table by kind, table by relation, timeline";
    ComparePlans "compare-plans" ["d"] [Plan] "Compare with another plan";
    TurnPlans "turn-plans" ["T"] [Plan] "Comparison: the second plan first";
    FoldCheap "fold-cheap" ["c"] [Plan] "Fold what costs little, unfold the rest";
    StepToSql "step-to-sql" ["i"] [Plan, Live] "The next step's SQL into the SQL editor (it is not run)";
    TryIndex "try-index" ["x"] [Plan] "Try the index of this finding without making it (hypopg)";
    CopyStep "copy-step" ["y y"] [Plan] "Copy the next step of this node or finding";
    CopyPlanText "copy-plan-text" ["y t"] [Plan] "Copy the plan as a text";
    CopyPlanMarkdown "copy-plan-markdown" ["y m"] [Plan] "Copy the plan as Markdown";
    CopyPlanSvg "copy-plan-svg" ["y s"] [Plan] "Copy the plan as an SVG picture";
    CopyFigures "copy-figures" ["y f"] [Plan] "Copy every figure of the plan as JSON (as pgdeck explain --format json)";
    CopyPlanJson "copy-plan-json" ["y j"] [Plan] "Copy the plan as JSON, as EXPLAIN prints it";
    OpenPlan "open-plan" ["o"] [Plan] "Open a plan of a file";
    WritePlan "write-plan" ["w"] [Plan] "Write the plan to a file: .txt .json .md .svg";

    ToResults "to-results" ["enter", "down"] [Query] "To the results";
    SearchMode "search-mode" ["f2", "m"] [Search, Query] "How the line is read: web, words, phrase, raw";
    SearchTables "search-tables" ["f3", "t"] [Search, Query] "What is searched: tables, columns, indexes";
    SearchAll "search-all" ["f6", "A"] [Search, Query] "Search every row where no index serves, however long it takes";
    SearchAdd "search-add" ["f4", "+"] [Search, Query] "Search in one more table at once, or no more";
    SearchRanking "search-ranking" ["f7", "w"] [Search, Query] "Ranking, weights, configuration, title and columns";
    SearchFacet "search-facet" ["f8", "f"] [Search, Query] "Which column's values are counted beside the results";
    WhyMatched "why-matched" ["f9", "x"] [Search, Query] "Why this row matched, and what became of each word";
    IndexAdvice "index-advice" ["f10", "I"] [Search, Query] "Which index would serve, its size, the statements that make it";
    TrySearchIndex "try-search-index" ["ctrl-t", "T"] [Search, Query] "Try the index that would serve: made, planned with, rolled back";
    TakeMeant "take-meant" ["ctrl-y"] [Search, Query] "Take what was probably meant";
    CopyHit "copy-hit" ["y"] [Search] "Copy title and fragments";

    RunSaved "run-saved" ["f5"] [Saved] "Run the query, asking for its parameters";
    Watch "watch" ["W"] [Saved, Sql] "Run it again every few seconds, or stop";

    ListUp "list-up" ["up", "ctrl-k"] [List] "Up";
    ListDown "list-down" ["down", "ctrl-n"] [List] "Down";
    ListPageUp "list-page-up" ["pageup"] [List] "A page up";
    ListPageDown "list-page-down" ["pagedown"] [List] "A page down";
    Accept "accept" ["enter"] [List, Line, Confirm, Form] "Take it";
    Dismiss "dismiss" ["esc"] [List, Line, Confirm, Form] "Leave without it";
    NextField "next-field" ["tab", "down"] [Form] "Next field";
    PreviousField "previous-field" ["shift-tab", "up"] [Form] "Previous field";
    NextButton "next-button" ["tab", "right"] [Confirm] "Next button";
    PreviousButton "previous-button" ["shift-tab", "left"] [Confirm] "Previous button";
}

impl Command {
    /// Its row in the table.
    #[must_use]
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// By name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|r| r.name == name).map(|r| r.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::Chord;
    use std::collections::HashSet;

    #[test]
    fn every_key_is_readable_and_means_one_thing() {
        let mut seen = HashSet::new();
        let mut names = HashSet::new();
        for row in TABLE {
            assert!(!row.help.is_empty() && names.insert(row.name), "{}", row.name);
            assert_eq!(row.command.row().name, row.name);
            for keys in row.keys {
                let chords = Chord::parse_all(keys).unwrap_or_else(|| panic!("{keys} of {}", row.name));
                for scope in row.scopes {
                    assert!(
                        seen.insert((*scope, chords.clone())),
                        "{keys} is bound twice in {}",
                        scope.name()
                    );
                }
            }
        }
    }

    #[test]
    fn no_key_that_is_another_key_on_most_terminals() {
        for row in TABLE {
            for keys in row.keys {
                for bad in ["ctrl-m", "ctrl-h", "ctrl-j", "ctrl-i"] {
                    assert!(keys.split(' ').all(|k| k != bad), "{} binds {bad}", row.name);
                }
            }
        }
    }
}
