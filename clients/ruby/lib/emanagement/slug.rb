# frozen_string_literal: true

module Emanagement
  # What XEP-0106 §3 has for characters that no local part of a JID can have.
  LOCAL_ESCAPES = {
    " " => '\20', '"' => '\22', "&" => '\26', "'" => '\27', "/" => '\2f', ":" => '\3a', "<" => '\3c', ">" => '\3e', "@" => '\40'
  }.freeze

  # What servers drop of a local part (RFC 3454 table B.1).
  DROPPED = "\u00AD\u034F\u1806\u180B-\u180D\u200B-\u200D\u2060\uFE00-\uFE0F\uFEFF"
  private_constant :LOCAL_ESCAPES, :DROPPED

  class << self
    # What stands before the @ in somebody's JID, made of the name: "Jonh Doe" is
    # jonh-doe. Other characters stay as they are: see local.
    def slug(name)
      name.to_s.strip.downcase.gsub(/[[:space:]]+/, "-")
    end

    # A slug as it stands before the @ of a JID, and as a room's name: what a JID
    # cannot have is escaped (XEP-0106), the rest is as servers prepare it, to whom
    # AnaB is anab. Raises a UsageError where it is no text.
    def local(slug)
      text = XMLText.clean(slug.to_s) or raise UsageError.new("#{slug.inspect}: a character that cannot be sent", field: "slug")
      escaped = text.strip.gsub(/\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)/i) { '\5c' }.gsub(%r{[ "&'/:<>@]}, LOCAL_ESCAPES)
      prepared(escaped)
    end

    # Do two JIDs name the same account?
    def same_jid?(one, other)
      [one, other].map { |jid| jid.split("@", 2) }.map { |local, domain| [prepared(local), domain.to_s.downcase] }.uniq.size == 1
    end

    # A local part as servers prepare it (Nodeprep, RFC 3920 appendix A).
    def prepared(local)
      local.unicode_normalize(:nfkc).downcase(:fold).unicode_normalize(:nfkc).delete(DROPPED)
    end
  end
end
