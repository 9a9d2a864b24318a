# frozen_string_literal: true

module Emanagement
  # The base class of the jobs. Active Job repeats them while the server is away, at
  # growing intervals. A job reads the current state of the database, so that the order
  # of the jobs does not matter.
  class Job < ::ActiveJob::Base
    retry_on AwayError, wait: ->(executions) { (executions**4) + 2 }, attempts: 10
  end

  # Updates the rosters of two users to the ties between them.
  class RosterJob < Job
    # one and other are each the name of a model, an id, and the JID that the user had.
    # The JID serves to remove a user whose record is gone.
    def perform(model, one, other)
      tie = model.constantize.new
      users = [one, other].map { |klass, id, _| klass.constantize.find_by(klass.constantize.primary_key => id) }
      tie.raising { users.all? ? tie.reflect_between(*users) : tie.forget_between(one.last, other.last) }
    end
  end

  # Updates a group's room.
  class RoomJob < Job
    # current is the name of the room to create, or nil; gone are those to destroy.
    def perform(model, current, gone)
      group = model.constantize.new
      group.raising { group.show_room(current, gone) }
    end
  end
end
