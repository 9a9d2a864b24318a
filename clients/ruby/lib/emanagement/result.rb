# frozen_string_literal: true

module Emanagement
  # What a verb answered.
  class Result
    # Done, an answer (true or false), a table, a refusal or started.
    SHAPES = %i[done answer table refusal started].freeze

    # One of SHAPES.
    attr_reader :shape
    # The outcome in one line.
    attr_reader :outcome
    # The lines that the script emanagement printed.
    attr_reader :lines
    # Of an answer: true or false.
    attr_reader :answer
    # Of a table: its rows, as docs/control.md describes them: Strings, Arrays,
    # or Hashes with Symbols for keys. A roster's have :jid, :nick,
    # :subscription, :ask and :groups.
    attr_reader :items
    # Where a table was cut at its limit: the JID after which it goes on, when
    # that is given as from.
    attr_reader :more_after
    # Of what was started: the number of its job.
    attr_reader :job

    # Makes a result of what the component calls one in JSON. Raises a
    # NoMatchingPatternError where it is none.
    def self.from_json(value)
      value => { shape: String => shape, outcome: String }
      new(**value.slice(:outcome, :lines, :answer, :items, :job), shape: shape.to_sym, more_after: value[:next])
    end

    # Makes a result of the lines alone. refused says that the verb's answer is
    # a negative one.
    def self.from_lines(verb, outcome, lines, refused:)
      shape = :refusal if refused
      shape ||= { "Done" => :done, "true" => :answer, "false" => :answer }.fetch(outcome[/\A\w*/], :table)
      new(shape: shape, outcome: outcome, lines: lines, answer: (outcome == "true" if shape == :answer),
          items: (lines.map { |line| Row.read(verb, line) } if shape == :table))
    end

    def initialize(shape:, outcome:, lines: [], answer: nil, items: nil, more_after: nil, job: nil)
      @shape = shape
      @outcome = outcome
      @lines = lines || []
      @answer = answer
      @items = items || []
      @more_after = more_after
      @job = job
    end

    # Did the verb itself say no ("Roster not found for user ...")? Then nothing
    # was changed.
    def refused?
      shape == :refusal
    end

    # Does the verb go on, as a job that listJobs shows?
    def started?
      shape == :started
    end

    # What the script printed.
    def to_s
      lines.join("\n")
    end
  end

  # A row of a table, as a line of text.
  module Row
    COLUMNS = {
      "getRoster" => %i[jid nick subscription ask groups],
      "getAffiliationsOfRoom" => %i[jid affiliation],
      "broadcast" => %i[jid outcome],
      "broadcastToConnectedUsers" => %i[jid outcome]
    }.freeze
    ESCAPES = { '\t' => "\t", '\n' => "\n", '\r' => "\r", '\\\\' => "\\" }.freeze

    # A Hash where the verb's rows have columns, else the line. A group with ;
    # in its name reads as two.
    def self.read(verb, line)
      columns = COLUMNS[verb] or return line
      values = line.split("\t", -1).map { |value| value.gsub(/\\[tnr\\]/, ESCAPES) }
      row = columns.zip(values).to_h
      row[:groups] = row[:groups].to_s.split(";") if columns.include?(:groups)
      row
    end
  end
end
