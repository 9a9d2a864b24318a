# frozen_string_literal: true

require "active_record"
require "stringio"

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  %i[users members].each do |table|
    create_table(table) do |t|
      t.string :slug
      t.string :name
      t.boolean :connected, default: false
    end
  end
  create_table(:ties) do |t|
    t.belongs_to :sender
    t.belongs_to :receiver
    t.boolean :positive, default: true
  end
  create_table(:groups) { |t| t.string :name }
  create_table(:clubs) do |t|
    t.string :slug
    t.string :name
  end
end

class User < ActiveRecord::Base
  include Emanagement::User

  has_many :sent_ties, class_name: "Tie", foreign_key: :sender_id, dependent: :destroy
  has_many :received_ties, class_name: "Tie", foreign_key: :receiver_id, dependent: :destroy
  validates :name, exclusion: [""] # makes an invalid user possible
  has_rosters
end

class Member < ActiveRecord::Base; end

# Ties without a sign: a tie exists or not.
class Tie < ActiveRecord::Base
  include Emanagement::Tie

  belongs_to :sender, class_name: "User"
  belongs_to :receiver, class_name: "User"
  reflects_on_rosters domain: "localhost", group: "Site of Ours"
end

# Ties that can be negative.
class Opinion < ActiveRecord::Base
  include Emanagement::Tie

  self.table_name = "ties"
  belongs_to :giver, class_name: "User", foreign_key: :sender_id
  belongs_to :taker, class_name: "User", foreign_key: :receiver_id
  reflects_on_rosters domain: "localhost", group: "Site", sender: :giver, receiver: :taker

  private

  def roster_tie?(from, to)
    Opinion.where(giver: from, taker: to, positive: true).exists?
  end
end

# Ties that raise errors.
class StrictTie < Tie
  reflects_on_rosters domain: "localhost", group: "Site", raises: true
end

class Group < ActiveRecord::Base
  include Emanagement::Group

  has_room domain: "localhost"
end

# Groups with a slug of their own.
class Club < ActiveRecord::Base
  include Emanagement::Group

  has_room domain: "localhost"
end

# The application of these models.
module Application
  LOG = StringIO.new
  ActiveRecord::Base.logger = Logger.new(LOG, level: :info)

  def self.empty
    [User, Member, Tie, Group, Club].each(&:delete_all)
    LOG.truncate(0)
    LOG.rewind
  end
end
