# frozen_string_literal: true

module Emanagement
  # The result of a verb.
  class Result
    # done, an answer (true or false), a table, a refusal, or started as a job.
    SHAPES = %i[done answer table refusal started].freeze

    # One of SHAPES.
    attr_reader :shape
    # The outcome in one line.
    attr_reader :outcome
    # The lines that the script of 2012 printed.
    attr_reader :lines
    # true or false for the shape :answer; otherwise nil.
    attr_reader :answer
    # The rows for the shape :table; otherwise empty. docs/control.md describes them:
    # they are Strings, Arrays, or Hashes with Symbols for keys. The rows of a roster have
    # :jid, :nick, :subscription, :ask and :groups.
    attr_reader :items
    # The JID after which a table goes on that was cut at its limit: pass it as from.
    # Otherwise nil.
    attr_reader :more_after
    # The job's number for the shape :started; otherwise nil.
    attr_reader :job

    # Makes a result from the component's JSON, parsed with Symbols for keys. Raises a
    # NoMatchingPatternError if it is not a result.
    def self.from_json(value)
      value => { shape: String => shape, outcome: String }
      new(**value.slice(:outcome, :lines, :answer, :items, :job), shape: shape.to_sym, more_after: value[:next])
    end

    # Makes a result from an answer without JSON: its outcome and its lines. refused is
    # true if the verb refused.
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

    # Whether the verb itself refused ("Roster not found for user ..."). Nothing was
    # changed then.
    def refused?
      shape == :refusal
    end

    # Whether the verb goes on as a job, which listJobs shows.
    def started?
      shape == :started
    end

    # The text that the script of 2012 printed.
    def to_s
      lines.join("\n")
    end
  end

  # Reads a row of a table from a line of text.
  module Row
    COLUMNS = {
      "getRoster" => %i[jid nick subscription ask groups],
      "getAffiliationsOfRoom" => %i[jid affiliation],
      "broadcast" => %i[jid outcome],
      "broadcastToConnectedUsers" => %i[jid outcome]
    }.freeze
    ESCAPES = { '\t' => "\t", '\n' => "\n", '\r' => "\r", '\\\\' => "\\" }.freeze

    # Returns a Hash if the verb's rows have columns, otherwise the line. A group with ;
    # in its name is read as two groups.
    def self.read(verb, line)
      columns = COLUMNS[verb] or return line
      values = line.split("\t", -1).map { |value| value.gsub(/\\[tnr\\]/, ESCAPES) }
      row = columns.zip(values).to_h
      row[:groups] = row[:groups].to_s.split(";") if columns.include?(:groups)
      row
    end
  end
end
