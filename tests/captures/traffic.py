#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The two ends of the conversations that make-capture.sh records.

serve: answers TCP on port 8080 (echoes until the other side is done) and UDP on port 5353 (twice the datagram).
talk:  TCP and UDP over IPv4, IPv6 and VLAN 42, a refused connection, a datagram to a closed port, and
       datagrams larger than the MTU.
"""
import socket
import sys
import threading
import time

TCP_PORT, UDP_PORT, CLOSED_PORT = 8080, 5353, 9


def echo(connection):
    with connection:
        while data := connection.recv(65536):
            connection.sendall(data)


def serve_tcp(family):
    with socket.create_server(("::" if family == socket.AF_INET6 else "0.0.0.0", TCP_PORT),
                              family=family) as server:
        while True:
            echo(server.accept()[0])


def serve_udp(family):
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", UDP_PORT))
        while True:
            data, peer = server.recvfrom(65536)
            server.sendto(data * 2, peer)


def talk_tcp(address, size):
    with socket.create_connection((address, TCP_PORT), timeout=5) as connection:
        connection.sendall(bytes(range(256)) * (size // 256))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def talk_udp(address, sizes):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        for size in sizes:
            client.sendto(b"u" * size, (address, UDP_PORT))
            client.recv(65536)


def talk():
    talk_tcp("192.0.2.2", 24 * 1024)
    talk_tcp("2001:db8::2", 8 * 1024)
    talk_tcp("198.51.100.2", 4 * 1024)
    talk_udp("192.0.2.2", [1, 18, 100, 700, 1400, 3000])  # the last two answers, and the last, in fragments
    talk_udp("2001:db8::2", [1, 100, 1000])
    talk_udp("198.51.100.2", [64, 600])
    try:
        socket.create_connection(("192.0.2.2", CLOSED_PORT), timeout=5)
    except ConnectionRefusedError:
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"nobody listens", ("192.0.2.2", CLOSED_PORT))
        time.sleep(0.2)


def serve():
    for family in (socket.AF_INET, socket.AF_INET6):
        for target in (serve_tcp, serve_udp):
            threading.Thread(target=target, args=(family,), daemon=True).start()
    time.sleep(60)


if __name__ == "__main__":
    {"serve": serve, "talk": talk}[sys.argv[1]]()
