"""Small correct programs, each with inputs whose results are the truth that its mutants are judged by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A function `f`, and the arguments that it is tried with."""

    name: str
    source: str
    inputs: tuple[tuple[object, ...], ...]


def _program(name: str, source: str, *inputs: tuple[object, ...]) -> Program:
    return Program(name=name, source=source.strip() + "\n", inputs=inputs)


PROGRAMS: tuple[Program, ...] = (
    _program("running_sum", """
def f(items):
    total = 0
    result = []
    for item in items:
        total = total + item
        result.append(total)
    return result
""", ([1, 2, 3],), ([],), ([5],), ([-1, 4, -2, 8],), ([0, 0, 7],), ([10, 20, 30, 40],)),
    _program("clamp", """
def f(value, low, high):
    if value < low:
        return low
    if value > high:
        return high
    return value
""", (5, 1, 9), (0, 1, 9), (12, 1, 9), (1, 1, 9), (9, 1, 9), (-3, -2, 2)),
    _program("count_words", """
def f(text):
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts
""", ("a b a",), ("",), ("One one ONE two",), ("x",), ("b a b a c",), ("the end The",)),
    _program("primes", """
def f(limit):
    found = []
    for number in range(2, limit + 1):
        if all(number % prime != 0 for prime in found):
            found.append(number)
    return found
""", (10,), (2,), (1,), (30,), (3,), (20,)),
    _program("fibonacci", """
def f(count):
    first, second = 0, 1
    result = []
    for _ in range(count):
        result.append(first)
        first, second = second, first + second
    return result
""", (5,), (0,), (1,), (2,), (10,), (7,)),
    _program("is_palindrome", """
def f(text):
    letters = [one.lower() for one in text if one.isalnum()]
    return letters == letters[::-1]
""", ("Anna",), ("ab",), ("",), ("A man, a plan, a canal: Panama",), ("abc cb a",), ("x1",)),
    _program("median", """
def f(items):
    ordered = sorted(items)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
""", ([3, 1, 2],), ([4, 1, 2, 3],), ([5],), ([2, 9],), ([7, 7, 1],), ([10, 2, 8, 6],)),
    _program("caesar", """
def f(text, shift):
    result = ""
    for one in text:
        if one.isalpha():
            start = ord("a") if one.islower() else ord("A")
            result += chr((ord(one) - start + shift) % 26 + start)
        else:
            result += one
    return result
""", ("abc", 1), ("xyz", 3), ("Hello, World", 5), ("", 4), ("zZ", 27), ("a b", 0)),
    _program("flatten", """
def f(items):
    result = []
    for item in items:
        if isinstance(item, list):
            result.extend(f(item))
        else:
            result.append(item)
    return result
""", ([1, [2, 3]],), ([],), ([[[0]]],), ([1, [2, [3, [4]]]],), ([[1], [2]],), ([5],)),
    _program("binary_search", """
def f(items, wanted):
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
""", ([1, 3, 5, 7], 5), ([1, 3, 5, 7], 1), ([1, 3, 5, 7], 7), ([1, 3], 2), ([], 1), ([4], 4)),
    _program("gcd", """
def f(a, b):
    while b != 0:
        a, b = b, a % b
    return abs(a)
""", (12, 18), (7, 3), (0, 5), (5, 0), (-12, 18), (100, 75)),
    _program("digits", """
def f(number):
    total = 0
    number = abs(number)
    while number > 0:
        total += number % 10
        number //= 10
    return total
""", (123,), (0,), (9,), (-45,), (1000,), (98765,)),
    _program("chunks", """
def f(items, size):
    result = []
    for start in range(0, len(items), size):
        result.append(items[start : start + size])
    return result
""", ([1, 2, 3, 4, 5], 2), ([], 3), ([1, 2], 5), ([1, 2, 3], 1), ([1, 2, 3, 4], 2), ([7, 8, 9], 3)),
    _program("run_lengths", """
def f(text):
    result = []
    for one in text:
        if result and result[-1][0] == one:
            result[-1][1] += 1
        else:
            result.append([one, 1])
    return result
""", ("aab",), ("",), ("abc",), ("zzzz",), ("aabbaa",), ("x",)),
    _program("transpose", """
def f(rows):
    if not rows:
        return []
    return [[row[at] for row in rows] for at in range(len(rows[0]))]
""", ([[1, 2], [3, 4]],), ([],), ([[1, 2, 3]],), ([[1], [2], [3]],), ([[5]],), ([[1, 2], [3, 4], [5, 6]],)),
    _program("moving_average", """
def f(items, width):
    result = []
    for end in range(width, len(items) + 1):
        result.append(sum(items[end - width : end]) / width)
    return result
""", ([1, 2, 3, 4], 2), ([5, 5, 5], 3), ([1], 2), ([2, 4, 6, 8, 10], 3), ([], 1), ([1, 9], 1)),
    _program("grade", """
def f(points):
    if points >= 90:
        return "A"
    if points >= 75:
        return "B"
    if points >= 50:
        return "C"
    return "F"
""", (95,), (90,), (75,), (74,), (50,), (12,)),
    _program("leap", """
def f(year):
    if year % 400 == 0:
        return True
    if year % 100 == 0:
        return False
    return year % 4 == 0
""", (2000,), (1900,), (2024,), (2023,), (2100,), (1996,)),
    _program("second_largest", """
def f(items):
    distinct = sorted(set(items), reverse=True)
    if len(distinct) < 2:
        return None
    return distinct[1]
""", ([1, 2, 3],), ([5, 5],), ([4, 4, 9],), ([1],), ([10, -1, 7],), ([2, 1],)),
    _program("merge", """
def f(left, right):
    result = []
    i, j = 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]
""", ([1, 3], [2, 4]), ([], [1]), ([1], []), ([1, 1], [1]), ([5, 6], [1, 2]), ([1, 2, 9], [3])),
    _program("title", """
def f(text):
    words = text.strip().split(" ")
    return " ".join(word[:1].upper() + word[1:].lower() for word in words)
""", ("hello world",), ("  ada LOVELACE ",), ("x",), ("a b c",), ("MIXED case",), ("done",)),
    _program("bubble", """
def f(items):
    result = list(items)
    for end in range(len(result) - 1, 0, -1):
        for at in range(end):
            if result[at] > result[at + 1]:
                result[at], result[at + 1] = result[at + 1], result[at]
    return result
""", ([3, 1, 2],), ([],), ([1],), ([2, 1],), ([5, 4, 3, 2, 1],), ([1, 3, 2, 3],)),
    _program("dot", """
def f(a, b):
    total = 0
    for at in range(len(a)):
        total += a[at] * b[at]
    return total
""", ([1, 2], [3, 4]), ([], []), ([5], [6]), ([1, -1], [2, 2]), ([0, 3, 1], [9, 1, 2]), ([2, 2], [1, 1])),
    _program("vowels", """
def f(text):
    count = 0
    for one in text.lower():
        if one in "aeiou":
            count += 1
    return count
""", ("hello",), ("",), ("AEIOU",), ("xyz",), ("Queue",), ("rhythm a",)),
    _program("temperature", """
def f(degrees, unit):
    if unit == "C":
        return degrees * 9 / 5 + 32
    return (degrees - 32) * 5 / 9
""", (100, "C"), (32, "F"), (0, "C"), (212, "F"), (-40, "C"), (50, "F")),
    _program("index_of", """
def f(items, wanted):
    for at, item in enumerate(items):
        if item == wanted:
            return at
    return -1
""", ([4, 5, 6], 6), ([4, 5, 6], 7), ([], 1), ([1], 1), ([2, 2], 2), (["a", "b"], "b")),
    _program("group", """
def f(words):
    groups = {}
    for word in words:
        key = word[0]
        groups.setdefault(key, []).append(word)
    return groups
""", (["ant", "bee", "ape"],), ([],), (["x"],), (["a", "b", "c"],), (["bo", "ba", "bi"],), (["oak", "elm"],)),
    _program("compound", """
def f(amount, rate, years):
    for _ in range(years):
        amount = amount * (1 + rate)
    return round(amount, 2)
""", (100, 0.1, 2), (50, 0.0, 5), (100, 0.05, 0), (200, 0.5, 1), (10, 1.0, 3), (1000, 0.02, 4)),
    _program("dedupe", """
def f(items):
    seen = set()
    result = []
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
""", ([1, 2, 1],), ([],), ([3, 3, 3],), ([1, 2, 3],), (["b", "a", "b"],), ([5, 4, 5, 4, 1],)),
    _program("triangle", """
def f(a, b, c):
    if a + b <= c or b + c <= a or a + c <= b:
        return "none"
    if a == b and b == c:
        return "equal"
    if a == b or b == c or a == c:
        return "two"
    return "all different"
""", (3, 3, 3), (3, 4, 5), (2, 2, 3), (1, 2, 3), (5, 1, 1), (4, 5, 4)),
    _program("to_binary", """
def f(number):
    if number == 0:
        return "0"
    digits = ""
    while number > 0:
        digits = str(number % 2) + digits
        number = number // 2
    return digits
""", (0,), (1,), (2,), (5,), (10,), (255,)),
    _program("rotate", """
def f(items, by):
    if not items:
        return []
    by = by % len(items)
    return items[-by:] + items[:-by] if by else list(items)
""", ([1, 2, 3], 1), ([], 2), ([1, 2, 3], 4), ([1], 5), ([1, 2], 0), ([1, 2, 3, 4], 2)),
    _program("max_gap", """
def f(items):
    ordered = sorted(items)
    best = 0
    for at in range(1, len(ordered)):
        best = max(best, ordered[at] - ordered[at - 1])
    return best
""", ([1, 5, 2],), ([3],), ([],), ([10, 1],), ([4, 4, 4],), ([0, 100, 50, 60],)),
    _program("initials", """
def f(name):
    parts = name.split()
    return ".".join(part[0].upper() for part in parts) + "."
""", ("ada lovelace",), ("x",), ("grace brewster hopper",), ("A b",), ("alan turing",), ("j r r t",)),
    _program("average", """
def f(items):
    if len(items) == 0:
        return 0
    return sum(items) / len(items)
""", ([1, 2, 3],), ([],), ([5],), ([2, 4],), ([-1, 1],), ([10, 20, 60],)),
    _program("collatz", """
def f(number):
    steps = 0
    while number != 1:
        if number % 2 == 0:
            number = number // 2
        else:
            number = 3 * number + 1
        steps += 1
    return steps
""", (1,), (2,), (3,), (6,), (7,), (16,)),
    _program("matching", """
def f(text):
    depth = 0
    for one in text:
        if one == "(":
            depth += 1
        elif one == ")":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0
""", ("()",), ("(()",), (")(",), ("",), ("(a(b)c)",), ("())",)),
    _program("histogram", """
def f(items, width):
    counts = {}
    for item in items:
        start = item // width * width
        counts[start] = counts.get(start, 0) + 1
    return counts
""", ([1, 2, 11], 10), ([], 5), ([5, 5, 5], 5), ([0, 9, 10, 19], 10), ([3], 2), ([7, 8, 9], 3)),
    _program("pad", """
def f(text, width):
    missing = width - len(text)
    if missing <= 0:
        return text
    return "0" * missing + text
""", ("7", 3), ("123", 3), ("1234", 3), ("", 2), ("42", 5), ("0", 1)),
    _program("power", """
def f(base, exponent):
    result = 1
    for _ in range(exponent):
        result *= base
    return result
""", (2, 3), (5, 0), (3, 1), (10, 4), (-2, 3), (1, 9)),
    _program("diagonal", """
def f(rows):
    total = 0
    for at in range(len(rows)):
        total += rows[at][at]
    return total
""", ([[1, 2], [3, 4]],), ([],), ([[7]],), ([[5, 1], [1, 5]],), ([[0, 9], [9, 1]],),
   ([[1, 0, 0], [0, 2, 0], [0, 0, 3]],)),
    _program("parse_pairs", """
def f(text):
    result = {}
    for pair in text.split(","):
        if "=" in pair:
            key, value = pair.split("=", 1)
            result[key.strip()] = int(value)
    return result
""", ("a=1,b=2",), ("",), ("x = 5",), ("a=1,,c=3",), ("k=-4",), ("a=1,a=2",)),
)  # fmt: skip
