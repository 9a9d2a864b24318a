# frozen_string_literal: true

module Emanagement
  # What jobs have in common: they are tried again while the server is away, in
  # growing intervals. They look at what there is when they run, so that it does not
  # matter in which order they do.
  class Job < ::ActiveJob::Base
    retry_on AwayError, wait: ->(executions) { (executions**4) + 2 }, attempts: 10
  end

  # Shows in the rosters of two users what there is between them.
  class RosterJob < Job
    # Each of the two is the name of a model, an id, and the JID that the user had:
    # who is gone is taken out by that.
    def perform(model, one, other)
      tie = model.constantize.new
      users = [one, other].map { |klass, id, _| klass.constantize.find_by(klass.constantize.primary_key => id) }
      tie.raising { users.all? ? tie.reflect_between(*users) : tie.forget_between(one.last, other.last) }
    end
  end

  # Shows a group's room.
  class RoomJob < Job
    # current is the room that there is to be, if any, gone those that are not.
    def perform(model, current, gone)
      group = model.constantize.new
      group.raising { group.show_room(current, gone) }
    end
  end
end
